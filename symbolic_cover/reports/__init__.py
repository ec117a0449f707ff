"""Reports: pages and pictures of the results."""
