"""The commands, a module each; :mod:`parley.app` lists them."""
