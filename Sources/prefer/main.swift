print("prefer")
