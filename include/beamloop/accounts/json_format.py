"""The number of the JSON form that docs/json.md describes."""

FORMAT = 1
