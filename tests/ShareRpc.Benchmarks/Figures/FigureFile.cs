using System.Text.Json;

namespace ShareRpc.Benchmarks.Figures;

/// <summary>A run on disk: the machine, then a figure a line.</summary>
internal static class FigureFile
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Makes its folder, and throws <see cref="ArgumentException"/> if it could not be written. What is there stays.</summary>
    public static void Prepare(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            using FileStream file = new(path, FileMode.Append);
        }
        catch (Exception trouble) when (trouble is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The figures could not be written: {trouble.Message}");
        }
    }

    public static Task WriteAsync(string path, IReadOnlyList<Figure> figures, Options options, CancellationToken cancellationToken)
    {
        string machine = JsonSerializer.Serialize(
            new { Machine = Machine.Read(), options.Rounds, RoundSeconds = options.RoundTime.TotalSeconds, options.Smaller }, Json);
        return File.WriteAllLinesAsync(path, [machine, .. figures.Select(figure => figure.ToJson())], cancellationToken);
    }

    public static async Task<IReadOnlyList<Figure>> ReadAsync(string path, CancellationToken cancellationToken) =>
    [
        .. (await File.ReadAllLinesAsync(path, cancellationToken))
            .Where(line => line.StartsWith("{\"cell\":", StringComparison.Ordinal)).Select(Figure.Parse),
    ];
}
