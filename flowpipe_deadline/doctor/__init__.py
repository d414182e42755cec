"""What stands between this machine and a working farm, found out and told; and what a farm is like, measured."""
