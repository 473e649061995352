from tests.benchmarks.chat.bench import main

if __name__ == "__main__":
    main()
