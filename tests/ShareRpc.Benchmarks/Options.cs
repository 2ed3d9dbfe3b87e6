using System.Globalization;
using ShareRpc.Benchmarks.Load;

namespace ShareRpc.Benchmarks;

/// <summary>What the command line asked for.</summary>
internal sealed record Options
{
    /// <summary>The cell, <c>all</c>, or <c>micro</c>.</summary>
    public required string Verb { get; init; }

    /// <summary>Only cases whose name is one of these; all when empty.</summary>
    public IReadOnlyList<string> Cases { get; init; } = [];

    public int Rounds { get; init; } = 5;

    /// <summary>How long a round of a rate lasts.</summary>
    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Divides sizes, such as viewers and ops already there: for smoke tests and quick looks.</summary>
    public int Smaller { get; init; } = 1;

    /// <summary>Where the JSON of a run goes.</summary>
    public string? Out { get; init; }

    /// <summary>A file of an earlier run, to say what moved.</summary>
    public string? Compare { get; init; }

    /// <summary>Another build of the tool (its <c>sharerpc.dll</c>), measured in turns with this one.</summary>
    public string? Against { get; init; }

    /// <summary>The command of a server of Cap'n Web to measure beside ours.</summary>
    public string? Peer { get; init; }

    /// <summary>The order of op ids: <c>rising</c> or <c>random</c>.</summary>
    public string Ids { get; init; } = "rising";

    /// <summary>Documents of <c>append</c>, <c>capnweb</c> and <c>peers</c>; null: what the cell does itself.</summary>
    public string? Keys { get; init; }

    /// <summary>Ids and keys, where one of them was asked for.</summary>
    public OpNames? Names => Keys is null && Ids == "rising" ? null : OpNames.Parse(Ids, Keys ?? "new");

    /// <summary>Throws <see cref="ArgumentException"/> with what is wrong.</summary>
    public static Options Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0) throw new ArgumentException("Name a cell.");
        var options = new Options { Verb = arguments[0] };
        for (int i = 1; i < arguments.Count; i++)
        {
            string Value() => ++i < arguments.Count
                ? arguments[i] : throw new ArgumentException($"{arguments[i - 1]} needs a value.");
            options = arguments[i] switch
            {
                "--quick" => options with { Rounds = 3, RoundTime = TimeSpan.FromSeconds(1), Smaller = 10 },
                "--tiny" => options with { Rounds = 1, RoundTime = TimeSpan.FromMilliseconds(100), Smaller = 100 },
                "--rounds" => options with { Rounds = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--seconds" => options with { RoundTime =
                    TimeSpan.FromSeconds(double.Parse(Value(), CultureInfo.InvariantCulture)) },
                "--smaller" => options with { Smaller = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--out" => options with { Out = Value() },
                "--compare" => options with { Compare = Value() },
                "--against" => options with { Against = Value() },
                "--peer" => options with { Peer = Value() },
                "--ids" => options with { Ids = Value() },
                "--keys" => options with { Keys = Value() },
                string name when !name.StartsWith('-') => options with { Cases = [.. options.Cases, name] },
                string name => throw new ArgumentException($"There is no {name}."),
            };
        }

        _ = options.Names;
        return options;
    }

    public bool Includes(string name) => Cases.Count == 0 || Cases.Contains(name);

    /// <summary>A size divided by <see cref="Smaller"/>, at least this much.</summary>
    public int Scale(int size, int least = 1) => Math.Max(least, size / Smaller);
}
