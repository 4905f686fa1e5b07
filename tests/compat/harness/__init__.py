"""What the compatibility suite shares: installs, one emulator a test, the report."""
