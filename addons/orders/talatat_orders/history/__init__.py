"""A retailer's invoices as they were exported: read, judged and kept, line by line.

``lines`` reads one line and knows no database; ``keeping`` writes many at once; ``loader`` joins them
for ``talatat load INI orders.history FILE``.
"""
