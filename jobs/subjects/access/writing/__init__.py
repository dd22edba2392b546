"""What a person gets: an encrypted archive of tables, maps, pages and a proof."""
