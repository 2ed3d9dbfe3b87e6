using System.Globalization;

namespace ShareRpc.Benchmarks.Figures;

/// <summary>Says what moved since an earlier run.</summary>
internal static class Comparison
{
    /// <summary>Less than this is noise.</summary>
    private const double Noticeable = 0.05;

    public static void Write(TextWriter output, IReadOnlyList<Figure> before, IReadOnlyList<Figure> now)
    {
        foreach (Figure figure in now)
        {
            Figure? old =
                before.FirstOrDefault(f => (f.Cell, f.Case, f.Server) == (figure.Cell, figure.Case, figure.Server));
            if (old is null)
            {
                output.WriteLine($"{figure.Cell} {figure.Case}: new");
                continue;
            }

            string[] moved =
            [
                .. new[]
                {
                    Moved(figure.Unit, old.Median, figure.Median),
                    Moved("to raw SQLite", old.ToRawSqlite, figure.ToRawSqlite),
                    Moved("to raw SQLite with random ids", old.ToRawRandom, figure.ToRawRandom),
                    Moved("to raw sync", old.ToRawSync, figure.ToRawSync), Moved("p99 ms", old.P99Ms, figure.P99Ms),
                    Moved("server CPU us", old.ServerCpuUs, figure.ServerCpuUs),
                }.OfType<string>(),
            ];
            output.WriteLine(
                $"{figure.Cell} {figure.Case}: {(moved.Length == 0 ? "as before" : string.Join(", ", moved))}");
        }
    }

    private static string? Moved(string what, double before, double now)
    {
        if (before == 0 || Math.Abs((now / before) - 1) < Noticeable) return null;
        return string.Create(CultureInfo.InvariantCulture, $"{what} {before} -> {now} ({(now / before) - 1:+0%;-0%})");
    }
}
