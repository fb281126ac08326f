"""The product on one machine: its servers (`devstack`), and the demo with its live view (`demo`)."""
