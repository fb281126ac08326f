"""What events there are: their models, schemas, samples and types in other languages, all from one source.

`lens`, `order_parts`, `orders`, `stock`, `offers`, `shapes` and `reading` need nothing but pydantic: together they are
`clients/python/sellerbeat/events.py`, as `python` puts them one behind the other. `schemas` makes JSON Schemas of them, which `typescript`
writes as types and `webhooks` names in the API's description; `samples`, of `sample_documents`, has one of each type; `entries` lists all.
"""
