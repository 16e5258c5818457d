print("prefer-bench")
