"""The original packages of Grounding DINO and SAM, one a file, with their authors' own weights."""
