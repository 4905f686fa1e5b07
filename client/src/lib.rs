//! Client of the emulator, and of real Azure.
