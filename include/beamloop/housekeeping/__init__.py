"""Remove what is safely kept elsewhere and what killed programs left; nothing that is not accounted for."""
