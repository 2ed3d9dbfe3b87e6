using System.Globalization;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>The command line of a worker process: pairs of a name and a value.</summary>
internal sealed class WorkerArguments
{
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public WorkerArguments(IReadOnlyList<string> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            bool hasValue = i + 1 < arguments.Count && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal);
            values[arguments[i]] = hasValue ? arguments[++i] : "";
        }
    }

    public string this[string name] => values.TryGetValue(name, out string? value)
        ? value
        : throw new InvalidDataException($"{name} is missing");

    public bool Has(string name) => values.ContainsKey(name);

    public int Number(string name, int otherwise) =>
        Has(name) ? int.Parse(this[name], CultureInfo.InvariantCulture) : otherwise;
}
