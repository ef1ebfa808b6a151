"""MobileSAM: Segment Anything's prompts and decoder behind a small image encoder."""
