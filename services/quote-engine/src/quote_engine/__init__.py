"""The four-stage talk that ends with a fitting quotation.

Read `domain.dialogue` first, then `domain.mood`, `domain.crisis` and `domain.choice`.
"""
