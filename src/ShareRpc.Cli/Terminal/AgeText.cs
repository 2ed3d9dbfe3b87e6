using System.Globalization;

namespace ShareRpc.Cli.Terminal;

/// <summary>An age for people: the largest unit that says something.</summary>
internal static class AgeText
{
    /// <summary>Returns a text such as <c>5 minutes</c>.</summary>
    public static string Of(TimeSpan age)
    {
        if (age < TimeSpan.FromMinutes(1)) return "less than a minute";
        if (age < TimeSpan.FromHours(1)) return Counted(age.TotalMinutes, "minute");
        return age < TimeSpan.FromDays(1) ? Counted(age.TotalHours, "hour") : Counted(age.TotalDays, "day");
    }

    private static string Counted(double count, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{(long)count} {unit}{((long)count == 1 ? "" : "s")}");
}
