"""What a hostile eBay does: to versions and the words in them, by events, to answers, beside sales. The switches are in `hostility.py`."""
