"""What the steps that poll eBay share: so far what one leaves to the next."""
