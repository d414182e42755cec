"""What only other plugins than Flowpipe's, scripts and tests need of .NET and of the Worker."""
