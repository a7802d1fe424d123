<?xml version="1.0" encoding="UTF-8"?>
<!-- Events of EPCIS 1.2 and 2.0 as lines of flat JSON (flat.ts): what one would write to get at them with XSLT. It escapes
     nothing, which is enough for the bench's own documents and a mistake for anybody else's. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:cbvmda="urn:epcglobal:cbv:mda"
    exclude-result-prefixes="cbvmda">
  <xsl:output method="text" encoding="UTF-8"/>
  <xsl:template match="/"><xsl:apply-templates select="/*/EPCISBody/EventList/*"/></xsl:template>
  <xsl:template match="EventList/*">
    <xsl:text>{"type":"</xsl:text><xsl:value-of select="local-name()"/><xsl:text>"</xsl:text>
    <xsl:apply-templates select="eventTime"/>
    <xsl:apply-templates select="eventTimeZoneOffset"/>
    <xsl:apply-templates select="parentID"/>
    <xsl:apply-templates select="epcList"/>
    <xsl:apply-templates select="childEPCs"/>
    <xsl:apply-templates select="action"/>
    <xsl:apply-templates select="bizStep"/>
    <xsl:apply-templates select="disposition"/>
    <xsl:apply-templates select="readPoint"/>
    <xsl:apply-templates select="bizLocation"/>
    <xsl:apply-templates select="bizTransactionList"/>
    <xsl:apply-templates select="sourceList|extension/sourceList"/>
    <xsl:apply-templates select="destinationList|extension/destinationList"/>
    <xsl:apply-templates select="ilmd/cbvmda:*|extension/ilmd/cbvmda:*"/>
    <xsl:text>}&#10;</xsl:text>
  </xsl:template>
  <xsl:template match="eventTime|eventTimeZoneOffset|parentID|action|bizStep|disposition|cbvmda:*">
    <xsl:text>,"</xsl:text><xsl:value-of select="local-name()"/><xsl:text>":"</xsl:text>
    <xsl:value-of select="."/><xsl:text>"</xsl:text>
  </xsl:template>
  <xsl:template match="readPoint|bizLocation">
    <xsl:text>,"</xsl:text><xsl:value-of select="local-name()"/><xsl:text>":"</xsl:text>
    <xsl:value-of select="id"/><xsl:text>"</xsl:text>
  </xsl:template>
  <xsl:template match="epcList|childEPCs">
    <xsl:text>,"</xsl:text><xsl:value-of select="local-name()"/><xsl:text>":[</xsl:text>
    <xsl:for-each select="epc">
      <xsl:if test="position() > 1">,</xsl:if>
      <xsl:text>"</xsl:text><xsl:value-of select="."/><xsl:text>"</xsl:text>
    </xsl:for-each>
    <xsl:text>]</xsl:text>
  </xsl:template>
  <xsl:template match="bizTransactionList|sourceList|destinationList">
    <xsl:text>,"</xsl:text><xsl:value-of select="local-name()"/><xsl:text>":[</xsl:text>
    <xsl:for-each select="*">
      <xsl:if test="position() > 1">,</xsl:if>
      <xsl:text>["</xsl:text><xsl:value-of select="@type"/><xsl:text>","</xsl:text>
      <xsl:value-of select="."/><xsl:text>"]</xsl:text>
    </xsl:for-each>
    <xsl:text>]</xsl:text>
  </xsl:template>
</xsl:stylesheet>
