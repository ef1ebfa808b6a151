"""Promptable segmenters, one adapter a file. They see pixels and prompts, never RAS."""
