"""What operators do with the log: declare its streams, let users of NATS in, export, import and erase."""
