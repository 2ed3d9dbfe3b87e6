using System.Globalization;
using System.Reflection;
using System.Text.Json;
using ShareRpc.Server;

namespace ShareRpc.Cli.Configuration;

/// <summary>
/// The section <c>limits</c>: every bound of docs/limits.md by its name there, times in milliseconds.
/// </summary>
internal static class LimitSettings
{
    public const string Section = "limits";

    private static readonly Dictionary<string, PropertyInfo> Properties =
        typeof(ServerLimits).GetProperties(BindingFlags.Public | BindingFlags.Instance).ToDictionary(
            property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name), StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<string> Names => Properties.Keys;

    /// <summary>Gets all with their defaults, two a line, for the help of <c>serve</c>.</summary>
    public static string Help => $"""


        Bounds, with their defaults (times in ms), are keys of the section "{Section}" of sharerpc.json, and variables
        (SHARERPC_LIMITS__QUEUE_ITEMS). docs/limits.md says what each does.
        {string.Join('\n', Properties.Select(limit => $"  {limit.Key,-30}{DefaultOf(limit.Value),10}").Chunk(2)
            .Select(row => string.Concat(row).TrimEnd()))}
        """;

    public static void Apply(ServerOptions options, string name, string text)
    {
        PropertyInfo property = Properties[name];
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            || (number == 0 && property.PropertyType != typeof(TimeSpan)) || number > MostOf(property))
            throw new FormatException($"is no number of 1 to {MostOf(property)}");
        object value = property.PropertyType == typeof(TimeSpan) ? TimeSpan.FromMilliseconds(number)
            : Convert.ChangeType(number, property.PropertyType, CultureInfo.InvariantCulture);
        ServerLimits limits = options.ServerLimits with { };
        property.SetValue(limits, value);
        options.ServerLimits = limits;
    }

    private static string DefaultOf(PropertyInfo property) => string.Create(CultureInfo.InvariantCulture,
        $"{(property.GetValue(ServerLimits.Default) is TimeSpan time ? time.TotalMilliseconds
            : property.GetValue(ServerLimits.Default))}");

    private static long MostOf(PropertyInfo property) =>
        property.PropertyType == typeof(long) ? 1L << 50 : int.MaxValue;
}
