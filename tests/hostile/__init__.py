"""Black-box harnesses: broken files, mutants, kills and full disks against the command line."""
