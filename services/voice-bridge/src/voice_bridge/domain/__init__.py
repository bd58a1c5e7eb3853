"""Turn taking, pacing and text, without clock, audio device or event loop. Read `talk` first."""
