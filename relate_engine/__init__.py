"""The engine: plain data in, plain data out. No Streamlit, no SQL."""
