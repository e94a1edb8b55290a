"""What a learned game's hidden state holds, what moves it, and what it remembers: one page."""
