+ flowpipe_deadline 1.0 .
