"""Stand-in of the .NET namespace ``FranticX``, in front of the product's: a larger ``ManagedProcess``."""
