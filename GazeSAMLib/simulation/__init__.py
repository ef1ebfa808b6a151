"""A virtual reader, and how well looking works: recordings and measurements from labelled scans."""
