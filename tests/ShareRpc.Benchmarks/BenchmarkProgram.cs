using ShareRpc.Benchmarks.Cells;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Micro;
using ShareRpc.Benchmarks.Peers;

namespace ShareRpc.Benchmarks;

/// <summary>The program: a cell a verb, one JSON line a case.</summary>
internal static class BenchmarkProgram
{
    /// <summary>The cells in the order in which <c>all</c> runs them.</summary>
    public static readonly IReadOnlyList<(string Name, Func<Bench, CancellationToken, Task> RunAsync)> Cells =
    [
        (AppendCell.Name, AppendCell.RunAsync), (PeersCell.Name, PeersCell.RunAsync),
        (ClusterCell.Name, ClusterCell.RunAsync), (CapnWebCell.Name, CapnWebCell.RunAsync),
        (FlatCell.Name, FlatCell.RunAsync), (FanoutCell.Name, FanoutCell.RunAsync),
        (IdleCell.Name, IdleCell.RunAsync), (RedeemCell.Name, RedeemCell.RunAsync),
        (StormCell.Name, StormCell.RunAsync),
        (OutboxCell.Name, OutboxCell.RunAsync), (MixedCell.Name, MixedCell.RunAsync),
    ];

    private const string Usage = """
        usage: ShareRpc.Benchmarks CELL [CASE...] [--quick] [--rounds N] [--seconds S] [--smaller N]
                                   [--out FILE] [--compare FILE] [--against SHARERPC.DLL] [--peer COMMAND]
                                   [--ids rising|random] [--keys new|random|N]
               ShareRpc.Benchmarks all --out FILE
               ShareRpc.Benchmarks micro [BenchmarkDotNet's own options]
        """;

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is [MicroProgram.Verb, ..]) return MicroProgram.Run(arguments[1..]);
        if (arguments is [PeerProgram.Verb, string kind, string directory])
            return await PeerProgram.RunAsync(kind, directory);
        try
        {
            return await RunAsync(Options.Parse(arguments), Console.Out, CancellationToken.None);
        }
        catch (ArgumentException mistake)
        {
            await Console.Error.WriteLineAsync(
                $"{mistake.Message}\n{Usage}\ncells: {string.Join(' ', Cells.Select(cell => cell.Name))}");
            return 2;
        }
    }

    public static async Task<int> RunAsync(Options options, TextWriter output, CancellationToken cancellationToken)
    {
        var chosen = Cells.Where(cell => options.Verb == "all" || options.Verb == cell.Name).ToList();
        if (chosen.Count == 0) throw new ArgumentException($"There is no cell {options.Verb}.");
        if (options.Out is { } target) FigureFile.Prepare(target);
        var machine = Machine.Read();
        var figures = new List<Figure>();
        using (var bench = new Bench(options, figure =>
        {
            figures.Add(figure);
            output.WriteLine(figure.ToJson());
            output.Flush();
        }))
        {
            foreach ((_, Func<Bench, CancellationToken, Task> runAsync) in chosen)
                await runAsync(bench, cancellationToken);
        }

        if (options.Out is { } file) await FigureFile.WriteAsync(file, machine, figures, options, cancellationToken);
        if (options.Compare is { } earlier)
            Comparison.Write(output, await FigureFile.ReadAsync(earlier, cancellationToken), figures);
        return 0;
    }
}
