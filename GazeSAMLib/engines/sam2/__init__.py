"""SAM 2.1 on single images: Meta's checkpoints, timm's encoder, SAM's own decoder parts."""
