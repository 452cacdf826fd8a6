"""What every lesson starts with: profile, device, seed, language, checks and claims."""
