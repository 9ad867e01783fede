"""What every peer works on: 100,000 products, accounts with tokens, customers, a million invoice lines."""
