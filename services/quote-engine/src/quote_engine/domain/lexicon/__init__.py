"""What words say about a feeling or a theme. `korean` and `english` hold lists in the notation of
`patterns`, `emoji` marks; weights are 1 for a plain word, more for one that leaves no doubt, less for
a hint that another word outweighs.
"""
