"""What a request costs: the service against the least that any service on the same server must do."""
