"""The wire protocols, a folder each: models of frames, a pure dialect between them and events, a door."""
