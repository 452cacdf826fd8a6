"""Warm kernels: processes forked from one that has already imported the frameworks.

Read in this order: `forkserver` (the process that forks), `forkserver_client`
(who asks it), `limits` and `sandbox` (what a stranger's code may have), `child` (what a
fork does to become a kernel), `sockets`, `pool` and `provisioner` (how Jupyter asks).
"""
