// The whole library as one file: it loads in a tenth of the time that its six hundred modules take.
declare module 'echarts/dist/echarts.esm.min' {
  export * from 'echarts'
}
