"""What events there are: their models, schemas, samples and types in other languages, all from one source.

`lens`, `orders`, `stock`, `offers` and `shapes` need nothing but pydantic: together they are `clients/python/sellerbeat/events.py`, as
`languages` puts them one behind the other.
"""
