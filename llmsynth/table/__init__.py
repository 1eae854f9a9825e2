"""What a table is: its schema, its values, its files."""
