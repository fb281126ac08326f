"""What `demo.py` is made of: the folder that it keeps, the processes it starts, the view in the terminal, and the verdict at the end."""
