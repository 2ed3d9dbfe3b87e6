using System.Text.Json;

namespace ShareRpc.Benchmarks.Figures;

/// <summary>A run on disk: the machine, then a figure a line.</summary>
internal static class FigureFile
{
    private static readonly JsonSerializerOptions Json =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>
    /// Makes its folder, and throws <see cref="ArgumentException"/> if it could not be written. What is there stays.
    /// </summary>
    public static void Prepare(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            bool isNew = !File.Exists(path);
            using (new FileStream(path, FileMode.Append))
            {
            }

            if (isNew) File.Delete(path);
        }
        catch (Exception trouble) when (trouble is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The figures could not be written: {trouble.Message}");
        }
    }

    /// <param name="path">The file.</param>
    /// <param name="machine">As it was before the run, of which its load tells.</param>
    /// <param name="figures">A line each.</param>
    /// <param name="options">How long and how much was measured.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task WriteAsync(
        string path, Machine machine, IReadOnlyList<Figure> figures, Options options,
        CancellationToken cancellationToken)
    {
        string head = JsonSerializer.Serialize(
            new { Machine = machine, options.Rounds, RoundSeconds = options.RoundTime.TotalSeconds, options.Smaller },
            Json);
        return File.WriteAllLinesAsync(path, [head, .. figures.Select(figure => figure.ToJson())], cancellationToken);
    }

    public static async Task<IReadOnlyList<Figure>> ReadAsync(string path, CancellationToken cancellationToken) =>
    [
        .. (await File.ReadAllLinesAsync(path, cancellationToken))
            .Where(line => line.StartsWith("{\"cell\":", StringComparison.Ordinal)).Select(Figure.Parse),
    ];
}
