"""What lies in buckets, read by verify's own eyes: listings, paths, footers, pages, logs."""
