"""What an audit shows: a table in the terminal, ``report.json`` and a page that opens offline."""
