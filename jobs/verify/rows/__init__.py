"""What rows say, asked in SQL by DuckDB: an engine that wrote none of them."""
