"""A list's query string, down to SQL: parameters, filters, orders, cursors, pages, guards."""
