"""Pages that people keep and send: each is one file that needs nothing else."""

import re


def assert_nothing_is_loaded(text: str) -> None:
    """Assert that an HTML page holds all its pictures and asks no other address."""
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert addresses
    assert all(address.startswith("data:") for address in addresses)
    assert not re.search(r"<script|<link|@import|url\(|https?:", text)
